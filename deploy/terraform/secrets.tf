# Secrets without a value: `gcloud secrets versions add` gives them one, so that none is ever in Terraform's state.
resource "google_secret_manager_secret" "setting" {
  for_each = local.secret_ids

  secret_id = each.value
  labels    = local.labels

  replication {
    auto {}
  }

  lifecycle {
    prevent_destroy = true
  }

  depends_on = [google_project_service.used]
}
