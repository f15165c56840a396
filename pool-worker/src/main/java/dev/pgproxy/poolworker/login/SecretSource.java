package dev.pgproxy.poolworker.login;

/** Where the secrets of BackendKeyData come from. */
@FunctionalInterface
public interface SecretSource {

    /** So many bytes that nobody can guess. */
    byte[] secret(int bytes);
}
