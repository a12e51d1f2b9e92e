# tidegate on Google Cloud: a Cloud Run Job for each workflow, started by Cloud Scheduler, into one BigQuery
# dataset, with state and credentials that outlast the disk. docs/operations/cloud_run.md walks through it.

locals {
  services = concat(
    ["bigquery", "cloudresourcemanager", "cloudscheduler", "iam", "run", "secretmanager", "storage"],
    length(local.sharded) > 0 ? ["workflows", "workflowexecutions"] : [],
  )
}

resource "google_project_service" "used" {
  for_each = toset(local.services)

  service            = "${each.value}.googleapis.com"
  disable_on_destroy = false
}
