def check_module(entry, library):
    raise NotImplementedError
