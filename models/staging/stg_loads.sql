-- One row per landed file known at known_at.
{{ load_versions() }}
