import torch

A = torch.tensor([[4.0, 1.0], [2.0, 3.0]])
b = torch.tensor([1.0, 2.0])
print(torch.linalg.solve(A, b), torch.linalg.inv(A), torch.linalg.det(A))
eig = torch.linalg.eigvals(A)
print(eig.real.sort().values)
Q, R = torch.linalg.qr(A)
print(torch.allclose(Q @ R, A, atol=1e-6))
print(A @ b, A.matmul(b), torch.mv(A, b), torch.dot(b, b), b.outer(b), A.trace(), A.norm())
print(torch.einsum("ij,j->i", A, b), torch.einsum("ii", A))
L = torch.linalg.cholesky(A @ A.T)
print(L, torch.linalg.matrix_rank(A), torch.linalg.norm(A, ord=1))
print(torch.kron(torch.eye(2), A), torch.cross(torch.tensor([1.0, 0, 0]), torch.tensor([0, 1.0, 0]), dim=0))
