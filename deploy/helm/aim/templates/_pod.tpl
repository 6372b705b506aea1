{{/* Who a pod is: without a token where nothing in it speaks to the API. */}}
{{- define "aim.identity" -}}
automountServiceAccountToken: {{ .Values.serviceAccount.automount }}
{{- with include "aim.serviceAccount" . }}
serviceAccountName: {{ . }}
{{- end }}
# A service named `aim` in the same namespace would set AIM_PORT=tcp://….
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* On which nodes it may run: those with GPUs are often kept for who asks for them. */}}
{{- define "aim.placing" -}}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if or (int .Values.gpus) .Values.tolerations }}
tolerations:
  {{- if int .Values.gpus }}
  - key: {{ .Values.gpuResource }}
    operator: Exists
    effect: NoSchedule
  {{- end }}
  {{- with .Values.tolerations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}

{{/* What else Kubernetes has for a pod, where it is said. */}}
{{- define "aim.scheduling" -}}
{{- with .Values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- with .Values.schedulerName }}
schedulerName: {{ . }}
{{- end }}
{{- end }}
