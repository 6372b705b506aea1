{{/* What a schema cannot see: values that contradict one another. Each says what to do. */}}
{{- define "aim.checks" -}}
{{- include "aim.checkTimes" . -}}
{{- include "aim.checkVolume" . -}}
{{- include "aim.checkVariables" . -}}
{{- include "aim.checkProfiles" . -}}
{{- end }}

{{- define "aim.checkTimes" -}}
{{- $grace := int .Values.terminationGracePeriodSeconds -}}
{{- if le $grace (int .Values.drainSeconds) -}}
{{- fail (printf "terminationGracePeriodSeconds: %d ends what drainSeconds waits for; make it longer" $grace) -}}
{{- end -}}
{{- end }}

{{- define "aim.checkVolume" -}}
{{- $own := and .Values.cache.enabled (not .Values.cache.existingClaim) -}}
{{- $several := or (gt (int .Values.replicaCount) 1) (ne .Values.autoscaling.by "none") -}}
{{- if and $own $several (hasPrefix "ReadWriteOnce" .Values.cache.accessMode) -}}
{{- fail (printf "cache.accessMode: with %s, replicas on other nodes could not mount the volume; use ReadWriteMany, or cache.enabled: false" .Values.cache.accessMode) -}}
{{- end -}}
{{- if and $own (eq .Values.cache.accessMode "ReadOnlyMany") -}}
{{- fail "cache.accessMode: a new volume that nobody can write stays empty; name one that has the weights by cache.existingClaim" -}}
{{- end -}}
{{- if and .Values.download.enabled (not (include "aim.claim" .)) -}}
{{- fail "download.enabled: there is no volume to fetch into; set cache.enabled or cache.existingClaim" -}}
{{- end -}}
{{- if and .Values.download.enabled (eq .Values.cache.accessMode "ReadOnlyMany") -}}
{{- fail "download.enabled: weights cannot be written to a volume that is ReadOnlyMany" -}}
{{- end -}}
{{- end }}

{{- define "aim.checkVariables" -}}
{{- $keys := dict
      "AIM_ID" "aimId" "AIM_MODEL_ID" "modelId" "AIM_PROFILE_ID" "profileId" "AIM_ENGINE_ARGS" "engineArgs"
      "AIM_DRAIN_SECONDS" "drainSeconds" "AIM_CACHE_PATH" "cache.mountPath"
      "AIM_PORT" "ports.http" "AIM_MANAGEMENT_PORT" "ports.management" -}}
{{- range $name, $value := .Values.env -}}
{{- with get $keys $name -}}
{{- fail (printf "env: %s has a value of its own; say %s instead" $name .) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* They are keys of one ConfigMap. */}}
{{- define "aim.checkProfiles" -}}
{{- $files := list -}}
{{- range $place, $text := .Values.customProfiles -}}
{{- $files = append $files (base $place) -}}
{{- end -}}
{{- if ne (len $files) (len (uniq $files)) -}}
{{- fail "customProfiles: two profiles have the same file name; give one of them another" -}}
{{- end -}}
{{- end }}
