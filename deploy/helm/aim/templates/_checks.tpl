{{/* What a schema cannot see: values that contradict one another. */}}
{{- define "aim.checks" -}}
{{- if le (int .Values.terminationGracePeriodSeconds) (int .Values.drainSeconds) -}}
{{- fail (printf "terminationGracePeriodSeconds (%d) ends what drainSeconds (%d) waits for: make it longer" (int .Values.terminationGracePeriodSeconds) (int .Values.drainSeconds)) -}}
{{- end -}}
{{- $keys := dict "AIM_ID" "aimId" "AIM_MODEL_ID" "modelId" "AIM_PROFILE_ID" "profileId" "AIM_ENGINE_ARGS" "engineArgs" -}}
{{- $keys = merge $keys (dict "AIM_DRAIN_SECONDS" "drainSeconds" "AIM_CACHE_PATH" "cache.mountPath") -}}
{{- $keys = merge $keys (dict "AIM_PORT" "ports.http" "AIM_MANAGEMENT_PORT" "ports.management") -}}
{{- range $name, $value := .Values.env -}}
{{- if hasKey $keys $name -}}
{{- fail (printf "env: %s has a value of its own: say %s instead" $name (get $keys $name)) -}}
{{- end -}}
{{- end -}}
{{- $files := list -}}
{{- range $place, $text := .Values.customProfiles -}}
{{- $files = append $files (base $place) -}}
{{- end -}}
{{- if ne (len $files) (len (uniq $files)) -}}
{{- fail "customProfiles: two profiles have the same file name; give one of them another" -}}
{{- end -}}
{{- end }}
