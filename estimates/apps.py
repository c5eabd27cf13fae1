from syteops.modules.config import ModuleConfig


class EstimatesConfig(ModuleConfig):
    name = "estimates"
    label = "estimates"
    verbose_name = "Estimates"
    module_slug = "estimates"
    module_name = "Estimates"
    module_description = "Estimates that clients approve online."
    module_version = "1.0.0"
