package dev.pgproxy.poolworker.login;

import org.jspecify.annotations.Nullable;

/** Answers a server's requests during a login, in the client's stead. */
public interface LoginAnswers {

    /**
     * The answer to a request.
     *
     * @param code the request's Int32
     * @param data what follows it
     * @return a whole message; null when the request is for the client
     */
    byte @Nullable [] answer(int code, byte[] data);
}
