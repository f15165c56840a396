package dev.pgproxy.poolworker.session;

/** Where the secrets of BackendKeyData come from. */
@FunctionalInterface
public interface SecretSource {

    /** So many bytes that nobody can guess. */
    byte[] secret(int bytes);
}
