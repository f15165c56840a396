package dev.pgproxy.taskworker.secret;

import java.nio.charset.StandardCharsets;

/** The {@code auth_file}. */
public final class UserListTarget {

    private UserListTarget() {}

    public static void run(byte[] bytes) {
        UserList.parse(new String(bytes, StandardCharsets.UTF_8)).secret("app");
    }
}
