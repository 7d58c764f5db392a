"""The estate: approved SystemSpecs as YAML files in a git repository, changed by proposals that an approval merges."""
