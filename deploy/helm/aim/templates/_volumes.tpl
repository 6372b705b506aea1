{{/* The cache, /tmp on a root that is read-only, and profiles of the user's own. */}}
{{- define "aim.volumes" -}}
- name: cache
  {{- if include "aim.claim" . }}
  persistentVolumeClaim:
    claimName: {{ include "aim.claim" . }}
    {{- if eq .Values.cache.accessMode "ReadOnlyMany" }}
    readOnly: true
    {{- end }}
  {{- else }}
  emptyDir:
    sizeLimit: {{ .Values.cache.size | quote }}
  {{- end }}
- name: tmp
  emptyDir:
    sizeLimit: {{ .Values.tmp | quote }}
{{- if .Values.customProfiles }}
- name: profiles
  configMap:
    name: {{ include "aim.name" . }}-profiles
    items:
      {{- range $place, $text := .Values.customProfiles }}
      - key: {{ base $place | quote }}
        path: {{ $place | quote }}
      {{- end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Where anything may be written, but not kept. */}}
{{- define "aim.writable" -}}
/tmp
{{- end }}

{{- define "aim.mounts" -}}
- name: cache
  mountPath: {{ .Values.cache.mountPath }}
- name: tmp
  mountPath: {{ include "aim.writable" . }}
{{- if .Values.customProfiles }}
- name: profiles
  mountPath: /workspace/aim-runtime/profiles/custom
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}
