-- Who signs in, and who is signed in.

-- name: account_by_email(email)^
SELECT id, role, active, name, password_hash FROM customers WHERE email = :email;

-- name: account_by_id(customer)^
SELECT id, role, active, name, email FROM customers WHERE id = :customer;
