{{ load_versions() }}
