{{/* The variables of pods that serve: what is served and how, and secrets that keep strangers out. */}}
{{- define "aim.environment" -}}
{{ include "aim.model" . }}
- name: AIM_DRAIN_SECONDS
  value: {{ .Values.drainSeconds | quote }}
- name: AIM_PORT
  value: {{ .Values.ports.http | quote }}
- name: AIM_MANAGEMENT_PORT
  value: {{ .Values.ports.management | default "" | quote }}
- name: AIM_MANAGEMENT_HOST
  value: "0.0.0.0"
{{- range $name, $value := .Values.env }}
{{- if eq (include "aim.onlyServes" $name) "true" }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
{{- range .Values.secret.required }}
{{ include "aim.secretVariable" (list $ . false) }}
{{- end }}
{{- end }}

{{/* What pods that only fetch must know as well: the model, its place, secrets of its sources. */}}
{{- define "aim.model" -}}
- name: AIM_CACHE_PATH
  value: {{ .Values.cache.mountPath | quote }}
{{- if eq .Values.cache.accessMode "ReadOnlyMany" }}
- name: AIM_RECORD_PATH
  value: {{ include "aim.writable" . }}/records
{{- end }}
{{- with .Values.aimId }}
- name: AIM_ID
  value: {{ . | quote }}
{{- end }}
{{- with .Values.modelId }}
- name: AIM_MODEL_ID
  value: {{ . | quote }}
{{- end }}
{{- with .Values.profileId }}
- name: AIM_PROFILE_ID
  value: {{ . | quote }}
{{- end }}
{{- with .Values.engineArgs }}
- name: AIM_ENGINE_ARGS
  value: {{ toJson . | quote }}
{{- end }}
{{- range $name, $value := .Values.env }}
{{- if ne (include "aim.onlyServes" $name) "true" }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
{{- range .Values.secret.variables }}
{{ include "aim.secretVariable" (list $ . true) }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "aim.onlyServes" -}}
{{ regexMatch "^AIM_(STALL_|READY_|ON_FAILURE)" . }}
{{- end }}

{{/* Of a list: the root, a variable, whether it may be absent. The key of HF_TOKEN is hf-token. */}}
{{- define "aim.secretVariable" -}}
- name: {{ index . 1 }}
  valueFrom:
    secretKeyRef:
      name: {{ (index . 0).Values.secret.name }}
      key: {{ index . 1 | lower | replace "_" "-" }}
      optional: {{ index . 2 }}
{{- end }}
