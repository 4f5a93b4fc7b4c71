package io.millrace.provisioner;

/**
 * As whom a service comes to a source database.
 *
 * @param user the role's name
 * @param password its password; never printed
 */
public record Login(String user, String password) {

    @Override
    public String toString() {
        return user;
    }
}
