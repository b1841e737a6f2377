"""Every fault x every action x many seeds: the desk on the real executor, over sockets, at an emulated exchange."""
