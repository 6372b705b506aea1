{{/* The variables of the container: what is served, what the pod makes necessary, secrets, the user's own. */}}
{{- define "aim.environment" -}}
{{- $values := .Values }}
{{- with $values.aimId }}
- name: AIM_ID
  value: {{ . | quote }}
{{- end }}
{{- with $values.modelId }}
- name: AIM_MODEL_ID
  value: {{ . | quote }}
{{- end }}
{{- with $values.profileId }}
- name: AIM_PROFILE_ID
  value: {{ . | quote }}
{{- end }}
{{- with $values.engineArgs }}
- name: AIM_ENGINE_ARGS
  value: {{ toJson . | quote }}
{{- end }}
- name: AIM_DRAIN_SECONDS
  value: {{ $values.drainSeconds | quote }}
{{- range $name, $value := $values.env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
- name: AIM_CACHE_PATH
  value: {{ $values.cache.mountPath | quote }}
- name: AIM_PORT
  value: {{ $values.ports.http | quote }}
- name: AIM_MANAGEMENT_PORT
  value: {{ $values.ports.management | default "" | quote }}
- name: AIM_MANAGEMENT_HOST
  value: "0.0.0.0"
{{- range $name := $values.secret.variables }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $values.secret.name }}
      key: {{ $name | lower | replace "_" "-" }}
      optional: true
{{- end }}
{{- with $values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}
