package dev.pgproxy.poolworker.login;

/** Source of cancel keys, salts and nonces. */
@FunctionalInterface
public interface SecretSource {

    /** This many bytes that cannot be guessed. */
    byte[] secret(int bytes);
}
