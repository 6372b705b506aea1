{{/* A pod that fetches the weights into the volume: no GPU, and any node that can mount it. */}}
{{- define "aim.fetchingPod" -}}
metadata:
  labels:
    {{- include "aim.fetchingLabels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with include "aim.annotations" . | trim }}
  annotations:
    {{- . | nindent 4 }}
  {{- end }}
spec:
  {{- include "aim.identity" . | nindent 2 }}
  {{- if hasPrefix "ReadWriteOnce" .Values.cache.accessMode }}
  # The volume may come into being where the first pod is: there the one that serves must be able to follow.
  {{- with include "aim.placing" . | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- end }}
  restartPolicy: Never
  terminationGracePeriodSeconds: 30
  securityContext:
    {{- toYaml .Values.podSecurityContext | nindent 4 }}
  containers:
    - name: download
      image: {{ .Values.image | quote }}
      imagePullPolicy: {{ .Values.imagePullPolicy }}
      args:
        - download-to-cache
      env:
        {{- include "aim.model" . | nindent 8 }}
      {{- with .Values.envFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      resources:
        requests:
          cpu: {{ .Values.download.cpu | quote }}
          memory: {{ .Values.download.memory | quote }}
          {{- include "aim.ephemeralRequest" . | nindent 10 }}
        limits:
          memory: {{ .Values.download.memory | quote }}
          {{- include "aim.ephemeralLimit" . | nindent 10 }}
      terminationMessagePolicy: FallbackToLogsOnError
      securityContext:
        {{- toYaml .Values.securityContext | nindent 8 }}
      volumeMounts:
        {{- include "aim.mounts" . | nindent 8 }}
  volumes:
    {{- include "aim.volumes" . | nindent 4 }}
{{- end }}
