resource "google_cloud_run_v2_job" "run" {
  for_each = var.jobs

  name                = "${var.name}-${each.key}"
  location            = var.region
  labels              = local.labels
  deletion_protection = false

  template {
    # One task: a second one would work on the same run and find it locked. Shards are a step of their own (shards.tf).
    task_count = 1

    template {
      service_account = google_service_account.runner.email
      timeout         = "${each.value.timeout_s}s"
      # Cloud Run tries again after any exit code but 0. Tries of one execution have one run id, so 20 (worth
      # trying again) resumes. 30 and 40 end within seconds each time: nothing is fetched again.
      max_retries = each.value.retries

      containers {
        image = var.image
        args  = local.arguments[each.key]

        resources {
          limits = {
            cpu    = each.value.cpu
            memory = each.value.memory
          }
        }

        dynamic "env" {
          for_each = local.environment
          content {
            name  = env.key
            value = env.value
          }
        }

        volume_mounts {
          name       = "scratch"
          mount_path = "/tmp"
        }
      }

      # The one place that is written. It is memory, and counts as such.
      volumes {
        name = "scratch"
        empty_dir {
          medium     = "MEMORY"
          size_limit = each.value.scratch
        }
      }
    }
  }

  lifecycle {
    precondition {
      condition     = length(setintersection(keys(var.secrets), keys(var.environment))) == 0
      error_message = "A setting is either in `secrets` or in `environment`."
    }
    precondition {
      condition     = length(setsubtract(var.rotating_secrets, local.secret_ids)) == 0
      error_message = "Each of `rotating_secrets` is the id of one of `secrets`."
    }
  }

  # A job that starts before it may read or write would fail for nothing.
  depends_on = [
    google_bigquery_dataset_iam_member.writes_tables,
    google_project_iam_member.runs_queries,
    google_secret_manager_secret_iam_member.reads,
    google_secret_manager_secret_iam_member.rotates,
    google_storage_bucket_iam_member.keeps_state,
  ]
}

resource "google_cloud_scheduler_job" "start" {
  for_each = var.jobs

  name             = "${var.name}-${each.key}"
  region           = var.region
  schedule         = each.value.schedule
  time_zone        = var.time_zone
  paused           = each.value.paused
  attempt_deadline = "60s"

  # Of starting, not of running. Started twice, the second execution finds the first at work and ends with 40.
  retry_config {
    retry_count = 3
  }

  http_target {
    http_method = "POST"
    uri = (
      each.value.shards > 1
      ? "https://workflowexecutions.googleapis.com/v1/${google_workflows_workflow.steps[each.key].id}/executions"
      : "https://run.googleapis.com/v2/${google_cloud_run_v2_job.run[each.key].id}:run"
    )

    oauth_token {
      service_account_email = google_service_account.scheduler.email
      scope                 = "https://www.googleapis.com/auth/cloud-platform"
    }
  }

  depends_on = [google_cloud_run_v2_job_iam_member.starts]
}
