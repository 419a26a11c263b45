def check_scheduler(entry, library):
    raise NotImplementedError
