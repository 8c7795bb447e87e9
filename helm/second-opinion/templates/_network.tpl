{{/* Egress rules. */}}

{{/* An empty list of peers would allow every destination, so without peers no rule is written. */}}
{{- define "second-opinion.egress.dns" -}}
{{- if .Values.networkPolicy.dns.to -}}
- to:
    {{- toYaml .Values.networkPolicy.dns.to | nindent 4 }}
  ports:
    - port: {{ .Values.networkPolicy.dns.port }}
      protocol: UDP
    - port: {{ .Values.networkPolicy.dns.port }}
      protocol: TCP
{{- end -}}
{{- end -}}

{{/* A rule for one TCP destination with `to` and `port`. */}}
{{- define "second-opinion.egress" -}}
- to:
    {{- toYaml .to | nindent 4 }}
  ports:
    - port: {{ .port }}
      protocol: TCP
{{- end -}}
