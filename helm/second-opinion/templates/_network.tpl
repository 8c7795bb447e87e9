{{/* Where may a pod go? */}}

{{/* An empty list of peers would mean everywhere: where none is named, there is no rule. */}}
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

{{/* One destination over TCP, with `to` and `port`. */}}
{{- define "second-opinion.egress" -}}
- to:
    {{- toYaml .to | nindent 4 }}
  ports:
    - port: {{ .port }}
      protocol: TCP
{{- end -}}
