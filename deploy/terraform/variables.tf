variable "project" {
  description = "The Google Cloud project that all of this is made in."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project id has 6 to 30 lower-case letters, digits and hyphens, after `domain:` in old projects."
  }
}

variable "region" {
  description = "Where the jobs run: a region of Cloud Run, near the location."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "A region looks like europe-west1."
  }
}

variable "location" {
  description = "Where the data is: a region, or EU or US. The bucket and the dataset share it, or BigQuery could not load from the bucket."
  type        = string

  validation {
    condition     = can(regex("^(EU|US|[a-z]+-[a-z]+[0-9]+)$", var.location))
    error_message = "A location is EU, US, or a region such as europe-west1."
  }
}

variable "name" {
  description = "What the names of jobs and service accounts begin with."
  type        = string
  default     = "tidegate"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,15}[a-z0-9]$", var.name))
    error_message = "A name has 3 to 17 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "image" {
  description = "The container image: host/project/repository/name:tag, or better @sha256:digest, which nobody can move."
  type        = string

  validation {
    condition     = can(regex("^[^\\s:@]+(:[0-9]+)?(/[^\\s:@]+)+(:[\\w.-]+|@sha256:[0-9a-f]{64})$", var.image)) && !endswith(var.image, ":latest")
    error_message = "An image is named with a tag other than latest, or by its digest: what runs tonight must be what was tested."
  }
}

variable "dataset" {
  description = "The BigQuery dataset that rows land in."
  type        = string
  default     = "warehouse"

  validation {
    condition     = can(regex("^[A-Za-z0-9_]+$", var.dataset)) && length(var.dataset) <= 1024
    error_message = "A dataset id has at most 1,024 letters, digits and underscores."
  }
}

variable "bucket" {
  description = "The bucket for state and for parts on their way into BigQuery; null is PROJECT-NAME. Bucket names are the whole world's."
  type        = string
  default     = null

  validation {
    condition     = var.bucket == null || can(regex("^[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "A bucket's name has 3 to 63 lower-case letters, digits, hyphens and underscores."
  }
}

variable "state_days" {
  description = "Days after which an object of the state is deleted. A run that has not ended by then starts anew, and cannot be replayed."
  type        = number
  default     = 30

  validation {
    condition     = var.state_days >= 14 && floor(var.state_days) == var.state_days
    error_message = "Whole days, at least 14: pages are what a mended contract is replayed from."
  }
}

variable "jobs" {
  description = <<-EOT
    What runs, by name. The name is that of the workflow unless `workflow` says otherwise.
    `tasks`: only these of its tasks. `options`: more options of `tidegate run`, such as ["--max-wait", "30m"].
    `shards`: how many tasks share the fetching; each is a machine of its own, so they share the vendor's quota
    only through a limiter in Redis or Valkey. `stages`: how many `tidegate plan` tells, where it is more than one.
    `schedule`: as in cron, in `time_zone`. `retries`: how often Cloud Run starts a task again after any exit code
    other than 0; it resumes. `timeout_s`: of one attempt. `memory` includes `scratch`, the size of /tmp.
  EOT
  type = map(object({
    schedule  = string
    workflow  = optional(string)
    tasks     = optional(list(string), [])
    options   = optional(list(string), [])
    paused    = optional(bool, false)
    shards    = optional(number, 1)
    stages    = optional(number, 1)
    retries   = optional(number, 2)
    timeout_s = optional(number, 3600)
    cpu       = optional(string, "1")
    memory    = optional(string, "2Gi")
    scratch   = optional(string, "512Mi")
  }))

  validation {
    condition     = alltrue([for name in keys(var.jobs) : can(regex("^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$", name))])
    error_message = "A job's name has at most 30 lower-case letters, digits and hyphens, and begins with a letter."
  }

  validation {
    condition     = alltrue([for job in values(var.jobs) : length(split(" ", job.schedule)) == 5])
    error_message = "A schedule has five fields, as in \"15 3 * * *\"."
  }

  validation {
    condition     = alltrue([for job in values(var.jobs) : alltrue([for count in [job.shards, job.stages] : count >= 1 && count <= 100 && floor(count) == count])])
    error_message = "Shards and stages are whole numbers from 1 to 100."
  }

  validation {
    condition     = alltrue([for job in values(var.jobs) : job.retries >= 0 && job.retries <= 10])
    error_message = "Cloud Run tries again at most 10 times."
  }

  validation {
    condition     = alltrue([for job in values(var.jobs) : job.timeout_s >= 60 && job.timeout_s <= 604800])
    error_message = "An attempt lasts from one minute to seven days."
  }

  validation {
    condition     = alltrue([for job in values(var.jobs) : alltrue([for size in [job.memory, job.scratch] : can(regex("^[1-9][0-9]*(Mi|Gi)$", size))])])
    error_message = "Memory and scratch are sizes such as 512Mi or 2Gi."
  }
}

variable "time_zone" {
  description = "The time zone of the schedules."
  type        = string
  default     = "Etc/UTC"
}

variable "secrets" {
  description = "Settings whose values are in Secret Manager: the variable's name and the secret's id, with /VERSION where it must not follow the latest (a hash key). Terraform makes the secrets, empty; their values never pass through it."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name, id in var.secrets : can(regex("^[A-Z][A-Z0-9_]*$", name)) && can(regex("^[A-Za-z0-9_-]{1,255}(/[1-9][0-9]*)?$", id))])
    error_message = "A name is one of an environment variable, an id has letters, digits, hyphens and underscores, and may have a version; the value itself does not belong here."
  }
}

variable "rotating_secrets" {
  description = "Ids of those secrets that hold a refresh token which the vendor replaces: tidegate writes the new one back."
  type        = set(string)
  default     = []
}

variable "environment" {
  description = "Other settings, in the clear, such as BREVO_BASE_URL. Nothing secret: this ends in the state and in the console."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.environment) : can(regex("^[A-Z][A-Z0-9_]*$", name))])
    error_message = "A name is one of an environment variable: capitals, digits and underscores."
  }

  validation {
    condition     = alltrue([for name in keys(var.environment) : !can(regex("(KEY|TOKEN|SECRET|PASSWORD)$", name))])
    error_message = "What is called a key, token, secret or password belongs in `secrets`."
  }
}

variable "labels" {
  description = "Labels of all resources that take them."
  type        = map(string)
  default     = {}
}
