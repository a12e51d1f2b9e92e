project  = "acme-data-prod"
region   = "europe-west1"
location = "EU"
image    = "europe-west1-docker.pkg.dev/acme-data-prod/containers/tidegate:2026-11-27"

jobs = {
  brevo = {
    schedule = "15 3 * * *"
  }
}

secrets = {
  BREVO_API_KEY = "brevo-api-key"
}
