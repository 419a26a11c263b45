def check_optimizer(entry, library):
    raise NotImplementedError
