resource "google_bigquery_dataset" "warehouse" {
  dataset_id  = var.dataset
  location    = var.location
  description = "Loaded by tidegate. Tables that begin with _tidegate_ are its own."
  labels      = local.labels

  # No default expiry: it would take the tables too. Staging tables carry their own, of a day.
  delete_contents_on_destroy = false

  depends_on = [google_project_service.used]
}

resource "google_storage_bucket" "state" {
  name          = local.bucket
  location      = var.location
  labels        = local.labels
  force_destroy = false

  # Pages hold personal data: nobody reads them but by a role on the bucket, and what is deleted is gone.
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  soft_delete_policy {
    retention_duration_seconds = 0
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = var.state_days
      matches_prefix = ["home/"]
    }
  }

  # Parts for a load job, which has read them within the hour or never will.
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = 2
      matches_prefix = ["staging/"]
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 2
    }
  }

  depends_on = [google_project_service.used]
}
