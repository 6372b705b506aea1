"""The models room: what registries hold, as values: manifests, indexes, descriptors and their media types.

https://github.com/opencontainers/image-spec and https://github.com/modelpack/model-spec
"""
