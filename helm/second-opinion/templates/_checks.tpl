{{/* Checks of values against each other. The schema checks each value by itself. */}}

{{- define "second-opinion.checks" -}}
{{- $v := .Values -}}
{{- $jwks := or $v.auth.jwks.url $v.auth.jwks.configMap.name -}}
{{- if and $v.auth.jwks.url $v.auth.jwks.configMap.name -}}
{{- fail "auth.jwks: set url or configMap.name, not both" -}}
{{- end -}}
{{- if and (or $jwks $v.auth.issuer $v.auth.audience) (not (and $jwks $v.auth.issuer $v.auth.audience)) -}}
{{- fail "auth: issuer, audience and jwks are required together: set all three or none" -}}
{{- end -}}
{{- if and $v.auth.clientCa.configMap $v.auth.clientCa.secret -}}
{{- fail "auth.clientCa: set configMap or secret, not both" -}}
{{- end -}}
{{- if and (include "second-opinion.clientCa" .) (not $v.tls.secretName) -}}
{{- fail "auth.clientCa: client certificates require a server certificate: set tls.secretName" -}}
{{- end -}}
{{- if and $v.auth.callers (not (include "second-opinion.clientCa" .)) -}}
{{- fail "auth.callers: client certificates require a CA: set auth.clientCa" -}}
{{- end -}}
{{- if and (include "second-opinion.auth" .) (not $v.config.plan.name) -}}
{{- fail "config.plan.name: on the network letters name your plan: give config.plan with name, member_services, grievance_coordinator and appeals" -}}
{{- end -}}
{{- if eq $v.store.type "postgresql" -}}
{{- if not (include "second-opinion.auth" .) -}}
{{- fail "auth: the development identity is not allowed with a shared store: set auth.issuer, auth.audience and auth.jwks, or auth.clientCa" -}}
{{- end -}}
{{- if not $v.store.postgresql.urlSecret.name -}}
{{- fail "store.postgresql.urlSecret.name: set it to the secret with the service's database URL" -}}
{{- end -}}
{{- if $v.migration.enabled -}}
{{- if not $v.migration.urlSecret.name -}}
{{- fail "migration.urlSecret.name: set it to the secret with the migration's database URL, or set migration.enabled to false and migrate yourself" -}}
{{- end -}}
{{- if and (eq $v.migration.urlSecret.name $v.store.postgresql.urlSecret.name) (eq $v.migration.urlSecret.key $v.store.postgresql.urlSecret.key) -}}
{{- fail "migration.urlSecret: the migration needs separate credentials, but this is the service's secret and key" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if $v.networkPolicy.enabled -}}
{{- if and (eq $v.store.type "postgresql") (not $v.networkPolicy.database.to) -}}
{{- fail "networkPolicy.database.to: list the database's pods or addresses, or pods cannot reach it" -}}
{{- end -}}
{{- if and $v.config.otlp_endpoint (not $v.networkPolicy.otlp.to) -}}
{{- fail "networkPolicy.otlp.to: list the collector's pods or addresses, or traces cannot reach it" -}}
{{- end -}}
{{- if and $v.auth.jwks.url (not $v.networkPolicy.jwks.to) -}}
{{- fail "networkPolicy.jwks.to: list the issuer's pods or addresses, or tokens cannot be verified" -}}
{{- end -}}
{{- end -}}
{{- if and $v.autoscaling.enabled (gt (int $v.autoscaling.minReplicas) (int $v.autoscaling.maxReplicas)) -}}
{{- fail "autoscaling: minReplicas is greater than maxReplicas" -}}
{{- end -}}
{{- $min := toString $v.podDisruptionBudget.minAvailable -}}
{{- $max := toString $v.podDisruptionBudget.maxUnavailable -}}
{{- if and $v.podDisruptionBudget.enabled (eq (empty $min) (empty $max)) -}}
{{- fail "podDisruptionBudget: set exactly one of maxUnavailable and minAvailable, and the other to \"\"" -}}
{{- end -}}
{{- if eq (int $v.ports.grpc) (int $v.ports.ops) -}}
{{- fail "ports: grpc and ops must differ" -}}
{{- end -}}
{{- end -}}
