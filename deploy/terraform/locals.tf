# What follows from the variables alone.
locals {
  bucket = coalesce(var.bucket, "${replace(var.project, "/[^a-z0-9-]+/", "-")}-${var.name}")
  labels = merge({ managed-by = "terraform", app = var.name }, var.labels)

  secret_ids = toset([for id in values(var.secrets) : split("/", id)[0]])

  home        = "gs://${local.bucket}/home"
  destination = "bigquery://${var.project}/${var.dataset}?location=${var.location}&staging=gs://${local.bucket}/staging"

  # Of each job. Rows that break a contract are in quarantine and in the report; without --quarantine-exit 0 they
  # would be an exit code of 10, which Cloud Run takes for a failure and tries again.
  arguments = {
    for name, job in var.jobs : name => concat(
      ["run", coalesce(job.workflow, name)],
      job.tasks,
      ["--to", local.destination, "--quarantine-exit", "0", "--summary", "-"],
      job.options,
    )
  }

  # Of all jobs. Secrets are references, which tidegate looks up when a run begins: Cloud Run sees no value.
  environment = merge(
    { TIDEGATE_HOME = local.home },
    { for name, id in var.secrets : name => "secret://${var.project}/${id}" },
    var.environment,
  )
}

# A workflow of several shards takes the steps of a run one by one, the middle one as so many tasks, under one run id.
# This is the source of a Cloud Workflows workflow, which starts each step and waits for it.
locals {
  sharded = { for name, job in var.jobs : name => job if job.shards > 1 }

  steps = {
    for name, job in local.sharded : name => concat(
      [{
        name  = "plan"
        tasks = 1
        args = concat(
          ["plan", coalesce(job.workflow, name)], job.tasks,
          ["--to", local.destination, "--run-id", "$${run_id}"], job.options,
        )
      }],
      [for stage in range(1, job.stages + 1) : {
        name  = "extract_${stage}"
        tasks = job.shards
        args = concat(
          ["extract", "--run-id", "$${run_id}", "--shard", "auto"],
          job.stages > 1 ? ["--stage", tostring(stage)] : [],
        )
      }],
      [{
        name  = "commit"
        tasks = 1
        args  = ["commit", "--run-id", "$${run_id}", "--quarantine-exit", "0", "--summary", "-"]
      }],
    )
  }

  calls = {
    for name, job in local.sharded : name => [
      for step in local.steps[name] : {
        call = "googleapis.run.v1.namespaces.jobs.run"
        args = {
          name     = "namespaces/${var.project}/jobs/${var.name}-${name}"
          location = var.region
          # Every attempt may take its time, and wait for a machine besides.
          connector_params = { timeout = (job.retries + 1) * (job.timeout_s + 600) }
          body = {
            overrides = {
              taskCount          = step.tasks
              containerOverrides = [{ args = step.args }]
            }
          }
        }
      }
    ]
  }

  sources = {
    for name, job in local.sharded : name => jsonencode({
      main = {
        steps = concat(
          [{ begin = { assign = [{ run_id = "$${\"${name}-\" + sys.get_env(\"GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID\")}" }] } }],
          [{ plan = local.calls[name][0] }],
          # Tasks that are whole are loaded also where a shard of another failed; then commit says what is missing.
          [for stage in range(1, job.stages + 1) : {
            "extract_${stage}" = {
              try    = local.calls[name][stage]
              except = { as = "failure", steps = [{ "noted_${stage}" = { assign = [{ failed = "$${failure}" }] } }] }
            }
          }],
          [{ commit = local.calls[name][job.stages + 1] }],
        )
      }
    })
  }
}
