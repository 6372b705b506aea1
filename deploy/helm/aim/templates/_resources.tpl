{{/*
CPU and memory of the container. Where nothing is said, what AMD's operator gives to every GPU: 4 CPUs, 32Gi
requested and 48Gi at most. GPUs are in requests and limits alike, as Kubernetes demands; there is no limit of CPU
time, which only slows.
*/}}
{{- define "aim.resources" -}}
{{- $gpus := int .Values.gpus -}}
requests:
  {{- if $gpus }}
  cpu: {{ .Values.cpu | default (mul 4 $gpus) | quote }}
  memory: {{ .Values.memory | default (printf "%dGi" (mul 32 $gpus)) | quote }}
  {{ .Values.gpuResource }}: {{ $gpus | quote }}
  {{- else }}
  cpu: {{ required "cpu: say how many cores the engine has, because gpus is 0" .Values.cpu | quote }}
  memory: {{ required "memory: say how much memory is needed, because gpus is 0" .Values.memory | quote }}
  {{- end }}
  {{- include "aim.ephemeralRequest" . | nindent 2 }}
limits:
  {{- if $gpus }}
  memory: {{ .Values.memoryLimit | default (printf "%dGi" (mul 48 $gpus)) | quote }}
  {{ .Values.gpuResource }}: {{ $gpus | quote }}
  {{- else }}
  memory: {{ .Values.memoryLimit | default .Values.memory | quote }}
  {{- end }}
  {{- include "aim.ephemeralLimit" . | nindent 2 }}
{{- end }}

{{- define "aim.ephemeralRequest" -}}
ephemeral-storage: {{ .Values.ephemeralStorage.request | quote }}
{{- end }}

{{/* None where the weights are in the pod and nobody said how much they may take. */}}
{{- define "aim.ephemeralLimit" -}}
{{- if .Values.ephemeralStorage.limit -}}
ephemeral-storage: {{ .Values.ephemeralStorage.limit | quote }}
{{- else if include "aim.claim" . -}}
ephemeral-storage: "21Gi"
{{- end }}
{{- end }}

{{/* Ranks exchange through /dev/shm: the operator's 8Gi for one GPU, more for several. */}}
{{- define "aim.shm" -}}
{{- if .Values.shm -}}
{{- .Values.shm -}}
{{- else if gt (int .Values.gpus) 4 -}}
32Gi
{{- else if gt (int .Values.gpus) 1 -}}
16Gi
{{- else if eq (int .Values.gpus) 1 -}}
8Gi
{{- else -}}
2Gi
{{- end }}
{{- end }}
