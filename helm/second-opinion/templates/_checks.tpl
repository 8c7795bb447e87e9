{{/* Do the values fit each other? The schema knows the shape of each; this says in words what two of them exclude. */}}

{{- define "second-opinion.checks" -}}
{{- $v := .Values -}}
{{- $jwks := or $v.auth.jwks.url $v.auth.jwks.configMap.name -}}
{{- if and $v.auth.jwks.url $v.auth.jwks.configMap.name -}}
{{- fail "auth.jwks: give url or configMap.name, not both" -}}
{{- end -}}
{{- if and (or $jwks $v.auth.issuer $v.auth.audience) (not (and $jwks $v.auth.issuer $v.auth.audience)) -}}
{{- fail "auth: issuer, audience and jwks belong together: give all three or none" -}}
{{- end -}}
{{- if and $v.auth.clientCa.configMap $v.auth.clientCa.secret -}}
{{- fail "auth.clientCa: give configMap or secret, not both" -}}
{{- end -}}
{{- if and (include "second-opinion.clientCa" .) (not $v.tls.secretName) -}}
{{- fail "auth.clientCa: client certificates need the server's own: give tls.secretName" -}}
{{- end -}}
{{- if and $v.auth.callers (not (include "second-opinion.clientCa" .)) -}}
{{- fail "auth.callers: no certificate is taken without an authority: give auth.clientCa" -}}
{{- end -}}
{{- if and (include "second-opinion.auth" .) (not $v.config.plan.name) -}}
{{- fail "config.plan.name: on the network letters name your plan: give config.plan with name, member_services, grievance_coordinator and appeals" -}}
{{- end -}}
{{- if eq $v.store.type "postgresql" -}}
{{- if not (include "second-opinion.auth" .) -}}
{{- fail "auth: a store that pods share is never served with the development identity: give auth.issuer, auth.audience and auth.jwks, or auth.clientCa" -}}
{{- end -}}
{{- if not $v.store.postgresql.urlSecret.name -}}
{{- fail "store.postgresql.urlSecret.name: name the secret that holds the service's URL" -}}
{{- end -}}
{{- if $v.migration.enabled -}}
{{- if not $v.migration.urlSecret.name -}}
{{- fail "migration.urlSecret.name: name the secret that holds the migration's own URL, or set migration.enabled to false and migrate yourself" -}}
{{- end -}}
{{- if and (eq $v.migration.urlSecret.name $v.store.postgresql.urlSecret.name) (eq $v.migration.urlSecret.key $v.store.postgresql.urlSecret.key) -}}
{{- fail "migration.urlSecret: the migration has credentials of its own, and this is the service's key" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if $v.networkPolicy.enabled -}}
{{- if and (eq $v.store.type "postgresql") (not $v.networkPolicy.database.to) -}}
{{- fail "networkPolicy.database.to: name the database's pods or addresses, or no pod can reach it" -}}
{{- end -}}
{{- if and $v.config.otlp_endpoint (not $v.networkPolicy.otlp.to) -}}
{{- fail "networkPolicy.otlp.to: name the collector's pods or addresses, or no trace can reach it" -}}
{{- end -}}
{{- if and $v.auth.jwks.url (not $v.networkPolicy.jwks.to) -}}
{{- fail "networkPolicy.jwks.to: name the issuer's pods or addresses, or no token can be verified" -}}
{{- end -}}
{{- end -}}
{{- if and $v.autoscaling.enabled (gt (int $v.autoscaling.minReplicas) (int $v.autoscaling.maxReplicas)) -}}
{{- fail "autoscaling: minReplicas is more than maxReplicas" -}}
{{- end -}}
{{- $min := toString $v.podDisruptionBudget.minAvailable -}}
{{- $max := toString $v.podDisruptionBudget.maxUnavailable -}}
{{- if and $v.podDisruptionBudget.enabled (eq (empty $min) (empty $max)) -}}
{{- fail "podDisruptionBudget: give maxUnavailable or minAvailable, the other as \"\"" -}}
{{- end -}}
{{- if eq (int $v.ports.grpc) (int $v.ports.ops) -}}
{{- fail "ports: grpc and ops have to differ" -}}
{{- end -}}
{{- end -}}
