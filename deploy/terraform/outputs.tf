output "destination" {
  description = "What --to takes."
  value       = local.destination
}

output "home" {
  description = "What TIDEGATE_HOME takes."
  value       = local.home
}

output "runner" {
  description = "Who the jobs run as; TIDEGATE_GOOGLE_IMPERSONATE for a look with its rights."
  value       = google_service_account.runner.email
}

output "secrets" {
  description = "Secrets that want a value: gcloud secrets versions add."
  value       = sort(tolist(local.secret_ids))
}

output "jobs" {
  description = "The Cloud Run Jobs, by name."
  value       = { for name, job in google_cloud_run_v2_job.run : name => job.name }
}
