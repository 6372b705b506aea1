{{/* The cache, /tmp on a root that is read-only, /dev/shm, and profiles of the user's own. */}}
{{- define "aim.volumes" -}}
- name: cache
  {{- if include "aim.claim" . }}
  persistentVolumeClaim:
    claimName: {{ include "aim.claim" . }}
  {{- else }}
  emptyDir:
    sizeLimit: {{ .Values.cache.size | quote }}
  {{- end }}
- name: tmp
  emptyDir:
    sizeLimit: {{ .Values.tmp | quote }}
- name: shm
  emptyDir:
    medium: Memory
    sizeLimit: {{ include "aim.shm" . | quote }}
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

{{- define "aim.mounts" -}}
- name: cache
  mountPath: {{ .Values.cache.mountPath }}
- name: tmp
  mountPath: /tmp
- name: shm
  mountPath: /dev/shm
{{- if .Values.customProfiles }}
- name: profiles
  mountPath: /workspace/aim-runtime/profiles/custom
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}
