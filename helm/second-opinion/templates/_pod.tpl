{{/* Parts of the server's, the migration's and the test's pods. */}}

{{/* The pod security standard "restricted". No value can weaken it. */}}
{{- define "second-opinion.podSecurityContext" -}}
runAsNonRoot: true
{{- with .Values.podSecurity }}
{{- range $key := list "runAsUser" "runAsGroup" "fsGroup" }}
{{- with get $.Values.podSecurity $key }}
{{ $key }}: {{ . | int64 }}
{{- end }}
{{- end }}
{{- if .fsGroup }}
fsGroupChangePolicy: OnRootMismatch
{{- end }}
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "second-opinion.containerSecurityContext" -}}
allowPrivilegeEscalation: false
capabilities:
  drop: [ALL]
privileged: false
readOnlyRootFilesystem: true
runAsNonRoot: true
{{- end -}}

{{/* The common fields of every pod. Service links are off, because they add variables that look like the service's own. */}}
{{- define "second-opinion.podBasics" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- include "second-opinion.podSecurityContext" . | nindent 2 }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The environment with the configuration file and the store. */}}
{{- define "second-opinion.env" -}}
- name: SECOND_OPINION_CONFIG
  value: /etc/second-opinion/config/second-opinion.toml
{{- if eq .Values.store.type "postgresql" }}
- name: SECOND_OPINION_STORE
  valueFrom:
    secretKeyRef:
      name: {{ .Values.store.postgresql.urlSecret.name }}
      key: {{ .Values.store.postgresql.urlSecret.key }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "second-opinion.configMounts" -}}
- name: config
  mountPath: /etc/second-opinion/config
  readOnly: true
{{- if .Values.auth.jwks.configMap.name }}
- name: jwks
  mountPath: /etc/second-opinion/jwks
  readOnly: true
{{- end }}
{{- if .Values.tls.secretName }}
- name: tls
  mountPath: /etc/second-opinion/tls
  readOnly: true
{{- end }}
{{- if include "second-opinion.clientCa" . }}
- name: client-ca
  mountPath: /etc/second-opinion/client-ca
  readOnly: true
{{- end }}
{{- if and (eq .Values.store.type "postgresql") .Values.store.postgresql.ca.configMap }}
- name: postgresql-ca
  mountPath: /etc/second-opinion/postgresql
  readOnly: true
{{- end }}
{{- range .Values.extraVolumeMounts }}
- {{ toYaml (merge (dict "readOnly" true) .) | nindent 2 | trim }}
{{- end }}
{{- end -}}

{{/* Whole folders without subPath, because a file mounted by subPath is not updated when its source changes. */}}
{{- define "second-opinion.configVolumes" -}}
- name: config
  configMap:
    name: {{ include "second-opinion.fullname" . }}
{{- with .Values.auth.jwks.configMap }}
{{- if .name }}
- name: jwks
  configMap:
    name: {{ .name }}
    items:
      - key: {{ .key }}
        path: jwks.json
{{- end }}
{{- end }}
{{- with .Values.tls.secretName }}
- name: tls
  secret:
    secretName: {{ . }}
    defaultMode: 0440
    items:
      - key: tls.crt
        path: tls.crt
      - key: tls.key
        path: tls.key
{{- end }}
{{- with .Values.auth.clientCa }}
{{- if .configMap }}
- name: client-ca
  configMap:
    name: {{ .configMap }}
    items:
      - key: {{ .key }}
        path: ca.crt
{{- else if .secret }}
- name: client-ca
  secret:
    secretName: {{ .secret }}
    defaultMode: 0440
    items:
      - key: {{ .key }}
        path: ca.crt
{{- end }}
{{- end }}
{{- include "second-opinion.databaseCaVolume" . }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "second-opinion.databaseCaVolume" -}}
{{- with .Values.store.postgresql.ca }}
{{- if and (eq $.Values.store.type "postgresql") .configMap }}
- name: postgresql-ca
  configMap:
    name: {{ .configMap }}
    items:
      - key: {{ .key }}
        path: ca.crt
{{- end }}
{{- end }}
{{- end -}}

{{/* The server's pod, for the Deployment and the StatefulSet. */}}
{{- define "second-opinion.servingPod" -}}
metadata:
  annotations:
    # The process reads the file at startup, so a changed file requires new pods.
    checksum/config: {{ include "second-opinion.toml" . | sha256sum }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  labels:
    {{- include "second-opinion.labels" (list . "server") | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- include "second-opinion.podBasics" . | nindent 2 }}
  serviceAccountName: {{ include "second-opinion.serviceAccountName" . }}
  # The pause before SIGTERM, the drain, and 5 s to close the store.
  terminationGracePeriodSeconds: {{ add .Values.preStopSeconds .Values.drainGraceSeconds 5 }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  topologySpreadConstraints:
    {{- range $key, $unsatisfiable := dict "topology.kubernetes.io/zone" .Values.topologySpread.zones "kubernetes.io/hostname" .Values.topologySpread.nodes }}
    - topologyKey: {{ $key }}
      maxSkew: 1
      whenUnsatisfiable: {{ $unsatisfiable }}
      labelSelector:
        matchLabels:
          {{- include "second-opinion.selector" (list $ "server") | nindent 10 }}
      {{- if eq $.Values.store.type "postgresql" }}
      # Each version is spread separately, so that a rollout does not count the pods that it replaces.
      matchLabelKeys: [pod-template-hash]
      {{- end }}
    {{- end }}
  containers:
    - name: second-opinion
      image: {{ include "second-opinion.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [serve]
      env:
        {{- include "second-opinion.env" . | nindent 8 }}
      ports:
        - name: grpc
          containerPort: {{ .Values.ports.grpc }}
          protocol: TCP
        - name: ops
          containerPort: {{ .Values.ports.ops }}
          protocol: TCP
      # HTTP probes on the ops port, because Kubernetes' gRPC probe does not support TLS.
      startupProbe:
        httpGet:
          path: /livez
          port: ops
        periodSeconds: 2
        failureThreshold: 60
      livenessProbe:
        httpGet:
          path: /livez
          port: ops
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 3
      readinessProbe:
        httpGet:
          path: /readyz
          port: ops
        periodSeconds: 5
        timeoutSeconds: 3
        failureThreshold: 2
      {{- if gt (int .Values.preStopSeconds) 0 }}
      lifecycle:
        preStop:
          sleep:
            seconds: {{ .Values.preStopSeconds }}
      {{- end }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      securityContext:
        {{- include "second-opinion.containerSecurityContext" . | nindent 8 }}
      volumeMounts:
        - name: data
          mountPath: /var/lib/second-opinion
        - name: tmp
          mountPath: /tmp
        {{- include "second-opinion.configMounts" . | nindent 8 }}
  volumes:
    {{- if eq .Values.store.type "postgresql" }}
    # It holds no persistent data: the store is the database.
    - name: data
      emptyDir:
        sizeLimit: 64Mi
    {{- else if .Values.store.embedded.existingClaim }}
    - name: data
      persistentVolumeClaim:
        claimName: {{ .Values.store.embedded.existingClaim }}
    {{- end }}
    - name: tmp
      emptyDir:
        sizeLimit: 64Mi
    {{- include "second-opinion.configVolumes" . | nindent 4 }}
{{- end -}}
