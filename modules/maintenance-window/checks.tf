# What the plan checks about the parameters, so that no night is lost to a name or a value that the document refuses.
locals {
  missing_parameters = {
    for fleet, settings in var.fleets : fleet => [
      for name, parameter in var.document.parameters : name
      if parameter.required && !contains(keys(settings.parameters), name)
    ]
  }

  # Pseudo parameters such as {{RESOURCE_ID}} get their value when the task runs.
  refused_values = {
    for fleet, settings in var.fleets : fleet => [
      for name, values in settings.parameters : name
      if !alltrue([
        for value in values :
        startswith(value, "{{") || can(regex(coalesce(try(var.document.parameters[name].allowed_pattern, null), ".*"), value))
      ])
    ]
  }
}
