{{/*
What never changes for one release: a selector cannot be changed. The instance is the name of the objects, so that
several of this chart in one release, each with its fullnameOverride, do not take one another's pods.
*/}}
{{- define "aim.selector" -}}
app.kubernetes.io/name: aim
app.kubernetes.io/instance: {{ include "aim.name" . }}
{{- end }}

{{- define "aim.labels" -}}
{{ include "aim.selector" . }}
app.kubernetes.io/component: inference
{{ include "aim.commonLabels" . }}
{{- end }}

{{/* Pods that fetch have another name, so that no selector takes them for pods that serve. */}}
{{- define "aim.fetchingLabels" -}}
app.kubernetes.io/name: aim-download
app.kubernetes.io/instance: {{ include "aim.name" . }}
app.kubernetes.io/component: download
{{ include "aim.commonLabels" . }}
{{- end }}

{{- define "aim.commonLabels" -}}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Pods do not start anew because a mounted file changed, but because what their template says did. */}}
{{- define "aim.annotations" -}}
{{- with .Values.customProfiles -}}
aim-runtime/profile-sha256: {{ values . | sortAlpha | join "" | sha256sum | trunc 16 | quote }}
{{- end }}
{{- with .Values.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end }}
