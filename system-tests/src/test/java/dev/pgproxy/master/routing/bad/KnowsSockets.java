package dev.pgproxy.master.routing.bad;

import dev.pgproxy.common.io.OwnedFd;

/** Routing that has a real descriptor, so that no simulation could run it. */
public record KnowsSockets(OwnedFd client) {}
