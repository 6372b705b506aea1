{{/*
Started within the budget; then ready when the engine answers, and live unless it hangs. The management port, where
there is one, tells a start that goes on from one that hangs.
*/}}
{{- define "aim.probes" -}}
{{- $port := ternary "management" "http" (gt (int .Values.ports.management) 0) }}
{{- $ready := ternary "/health/ready" "/health" (eq $port "management") }}
{{- $live := ternary "/health/live" "/health" (eq $port "management") -}}
startupProbe:
  httpGet:
    path: {{ $ready }}
    port: {{ $port }}
  {{- toYaml .Values.probes.startup | nindent 2 }}
readinessProbe:
  httpGet:
    path: {{ $ready }}
    port: {{ $port }}
  {{- toYaml .Values.probes.readiness | nindent 2 }}
livenessProbe:
  httpGet:
    path: {{ $live }}
    port: {{ $port }}
  {{- toYaml .Values.probes.liveness | nindent 2 }}
{{- end }}
