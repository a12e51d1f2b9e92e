# Who the jobs run as, and who starts them. Each role is on the one resource that it is needed for; on the project
# there is only the right to run BigQuery jobs, which cannot be given on less (and one more in shards.tf).

resource "google_service_account" "runner" {
  account_id   = "${var.name}-runner"
  display_name = "tidegate: runs the jobs"

  depends_on = [google_project_service.used]
}

resource "google_project_iam_member" "runs_queries" {
  project = var.project
  role    = "roles/bigquery.jobUser"
  member  = google_service_account.runner.member
}

resource "google_bigquery_dataset_iam_member" "writes_tables" {
  dataset_id = google_bigquery_dataset.warehouse.dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = google_service_account.runner.member
}

resource "google_storage_bucket_iam_member" "keeps_state" {
  bucket = google_storage_bucket.state.name
  role   = "roles/storage.objectUser"
  member = google_service_account.runner.member
}

resource "google_secret_manager_secret_iam_member" "reads" {
  for_each = google_secret_manager_secret.setting

  secret_id = each.value.id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.runner.member
}

# A refresh token that the vendor replaces becomes a new version, under a lease that is kept in versions, too.
resource "google_secret_manager_secret_iam_member" "rotates" {
  for_each = var.rotating_secrets

  secret_id = google_secret_manager_secret.setting[each.value].id
  role      = "roles/secretmanager.secretVersionManager"
  member    = google_service_account.runner.member
}

resource "google_service_account" "scheduler" {
  account_id   = "${var.name}-scheduler"
  display_name = "tidegate: starts the jobs"

  depends_on = [google_project_service.used]
}

resource "google_cloud_run_v2_job_iam_member" "starts" {
  for_each = google_cloud_run_v2_job.run

  name     = each.value.name
  location = each.value.location
  role     = "roles/run.invoker"
  member   = google_service_account.scheduler.member
}
