"""Post-placement optimisation driven by the project's own timing: fan-out trees by location and gate sizing."""
