# What a workflow of several shards needs besides: a conductor that starts the steps, with the right to nothing else.

resource "google_service_account" "conductor" {
  count = length(local.sharded) > 0 ? 1 : 0

  account_id   = "${var.name}-conductor"
  display_name = "tidegate: starts the steps of sharded runs"

  depends_on = [google_project_service.used]
}

# No predefined role has these alone: the arguments of each step are overrides, and the end of a step is looked for.
resource "google_project_iam_custom_role" "conducts" {
  count = length(local.sharded) > 0 ? 1 : 0

  role_id     = "${replace(var.name, "-", "_")}_conducts_job"
  title       = "tidegate: starts the steps of a job"
  description = "Granted on single jobs only."
  permissions = [
    "run.executions.get",
    "run.jobs.get",
    "run.jobs.run",
    "run.jobs.runWithOverrides",
  ]
}

resource "google_cloud_run_v2_job_iam_member" "conducts" {
  for_each = local.sharded

  name     = google_cloud_run_v2_job.run[each.key].name
  location = google_cloud_run_v2_job.run[each.key].location
  role     = google_project_iam_custom_role.conducts[0].id
  member   = google_service_account.conductor[0].member
}

resource "google_workflows_workflow" "steps" {
  for_each = local.sharded

  name                = "${var.name}-${each.key}"
  region              = var.region
  description         = "Plan, extract by ${each.value.shards} shards, commit."
  labels              = local.labels
  service_account     = google_service_account.conductor[0].id
  source_contents     = local.sources[each.key]
  deletion_protection = false

  depends_on = [google_cloud_run_v2_job_iam_member.conducts]
}

# Workflows takes no policy on a single workflow: this is the one role on the project besides BigQuery's.
resource "google_project_iam_member" "starts_workflows" {
  count = length(local.sharded) > 0 ? 1 : 0

  project = var.project
  role    = "roles/workflows.invoker"
  member  = google_service_account.scheduler.member
}
