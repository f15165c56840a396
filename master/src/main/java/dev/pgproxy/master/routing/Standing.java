package dev.pgproxy.master.routing;

/** What a client has proved, and therefore what it may cost others. */
enum Standing {
    /** That it knows its password; or the server asks nothing of clients like it; or it has a session already. */
    PROVED,
    /** Nothing, and how the server would ask it is not known: it may have one of a few places, and no room is made for it. */
    STRANGER,
    /** Nothing yet: a worker asks it for its password, in the way that the server is known to use, before it gets a place. */
    VISITOR
}
