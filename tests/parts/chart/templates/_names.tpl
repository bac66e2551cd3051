{{- define "worker.labels" -}}
app.kubernetes.io/name: prefect-worker
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/component: worker
{{- end }}

{{- define "worker.apiUrl" -}}
{{- if eq .Values.worker.apiConfig "cloud" -}}
{{- with .Values.worker.cloudApiConfig -}}
{{ .cloudUrl }}/accounts/{{ .accountId }}/workspaces/{{ .workspaceId }}
{{- end -}}
{{- else -}}
{{ required "worker.selfHostedServerApiConfig.apiUrl is required" .Values.worker.selfHostedServerApiConfig.apiUrl }}
{{- end -}}
{{- end }}

{{- define "worker.templateName" -}}
{{- with .Values.worker.config.baseJobTemplate -}}
{{- if .configuration -}}prefect-worker-base-job-template{{- else -}}{{ .existingConfigMapName }}{{- end -}}
{{- end -}}
{{- end }}

{{/* What both containers know of the API. */}}
{{- define "worker.api" -}}
- name: HOME
  value: /home/prefect
- name: PREFECT_API_URL
  value: {{ include "worker.apiUrl" . | quote }}
{{- if eq .Values.worker.apiConfig "cloud" }}
- name: PREFECT_API_KEY
  valueFrom:
    secretKeyRef: {{ .Values.worker.cloudApiConfig.apiKeySecret | toJson }}
{{- else }}
{{- with .Values.worker.selfHostedServerApiConfig.basicAuth }}
{{- if .enabled }}
- name: PREFECT_API_AUTH_STRING
  valueFrom:
    secretKeyRef:
      name: {{ .existingSecret }}
      key: auth-string
{{- end }}
{{- end }}
{{- end }}
{{- end }}
