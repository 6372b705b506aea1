{{/* The name of every object: the release's own, so that `helm install qwen3-32b` serves at http://qwen3-32b. */}}
{{- define "aim.name" -}}
{{- .Values.fullnameOverride | default .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end }}

{{/* What never changes for one release: a selector cannot be changed. */}}
{{- define "aim.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "aim.labels" -}}
{{ include "aim.selector" . }}
app.kubernetes.io/component: inference
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The volume claim of the weights, where there is one. */}}
{{- define "aim.claim" -}}
{{- if .Values.cache.existingClaim -}}
{{- .Values.cache.existingClaim -}}
{{- else if .Values.cache.enabled -}}
{{- include "aim.name" . }}-cache
{{- end }}
{{- end }}

{{- define "aim.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "aim.name" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name -}}
{{- end }}
{{- end }}
