// The kernels of spec/tensor.md for CUDA devices, one file per group of operators. packages/tensor/src/kernel/cuda puts the
// files into one text, compiles it where a GPU is and launches what is in it.
//
// Every kernel takes the memory of the kernel set and the words of one command. Word 0 is the command's number, the others
// are what the kernel's comment names: an *address* is two words (low, high) and counts bytes from the start of the
// memory; strides count elements. A launch has a thread for every element or tile; what is left over does nothing.
#include "arithmetic.cuh"
#include "recipes.cuh"
#include "products.cuh"
#include "moves.cuh"
#include "indexed.cuh"
#include "reductions.cuh"
#include "chain.cuh"
#include "attention.cuh"
#include "hash.cuh"
