{{/* The name of every object: the release's own, so that `helm install qwen3-32b` serves at http://qwen3-32b. */}}
{{- define "aim.name" -}}
{{- .Values.fullnameOverride | default .Release.Name | trunc 50 | trimSuffix "-" -}}
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
