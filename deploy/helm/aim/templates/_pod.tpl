{{/* What a pod of this chart has beside its containers and volumes; what is not said is left out. */}}
{{- define "aim.podSettings" -}}
automountServiceAccountToken: {{ .Values.serviceAccount.automount }}
{{- with include "aim.serviceAccount" . }}
serviceAccountName: {{ . }}
{{- end }}
# A service named `aim` in the same namespace would set AIM_PORT=tcp://….
enableServiceLinks: false
terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds | int }}
{{- with include "aim.podSecurity" . }}
securityContext:
  {{- . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with include "aim.tolerations" . }}
tolerations:
  {{- . | nindent 2 }}
{{- end }}
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
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Pods do not start anew because a mounted file changed, but because what their template says did. */}}
{{- define "aim.annotations" -}}
{{- if .Values.customProfiles -}}
aim-runtime/profile-sha256: {{ values .Values.customProfiles | sortAlpha | join "" | sha256sum | trunc 16 | quote }}
{{- end }}
{{- with .Values.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Who may open /dev/kfd and /dev/dri differs between nodes: only pods with GPUs are in those groups. */}}
{{- define "aim.podSecurity" -}}
{{- with .Values.podSecurityContext }}
{{- toYaml . }}
{{- end }}
{{- if and (int .Values.gpus) .Values.gpuGroups }}
supplementalGroups:
  {{- toYaml .Values.gpuGroups | nindent 2 }}
{{- end }}
{{- end }}

{{/* Nodes with GPUs are often kept for who asks for them. */}}
{{- define "aim.tolerations" -}}
{{- if int .Values.gpus -}}
- key: {{ .Values.gpuResource }}
  operator: Exists
  effect: NoSchedule
{{- end }}
{{- with .Values.tolerations }}
{{ toYaml . }}
{{- end }}
{{- end }}
