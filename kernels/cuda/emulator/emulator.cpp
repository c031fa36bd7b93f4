// The CUDA driver and NVRTC as far as packages/tensor/src/kernel/cuda calls them, with kernels that run on the processor: the sources in
// weft.cu compiled as C++. It shows what the sources compute, in which order, and which memory they touch, and that the host
// calls the driver as it must. It shows nothing of NVIDIA's compiler or hardware.
//
// Memory ends at a page that may not be touched. Odd launches run blocks and threads from the last to the first, so that a
// missing barrier or two threads on one element give other bits.
#include "device.h"

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include <vector>

Triple threadIdx, blockIdx, blockDim, gridDim;

#define SHARED_BYTES (64 * 1024)
alignas(64) unsigned int registers[SHARED_BYTES / 4];

#include "../weft.cu"

namespace {

const int MOST_THREADS = 256, STACK_BYTES = 64 * 1024;
typedef void (*Kernel)(u8 *, const u32 *);

/** A thread of a block. It is made once and lives on, waiting for the next block. */
struct Fiber {
    jmp_buf at;
    ucontext_t start;
    bool made = false, waiting = false, done = true;
    Triple thread;
};

Fiber fibers[MOST_THREADS];
Fiber *current;
jmp_buf scheduler;
Kernel kernel;
u8 *memoryParameter;
const u32 *wordsParameter;

void giveWay()
{
    if (_setjmp(current->at) == 0) _longjmp(scheduler, 1);
}

void live()
{
    for (;;) {
        kernel(memoryParameter, wordsParameter);
        current->done = true;
        giveWay();
    }
}

/** Runs a fiber until it comes to a barrier or to its end. */
void resume(Fiber &fiber)
{
    current = &fiber;
    threadIdx = fiber.thread;
    if (_setjmp(scheduler) != 0) return;
    if (fiber.made) _longjmp(fiber.at, 1);
    fiber.made = true;
    getcontext(&fiber.start);
    fiber.start.uc_stack.ss_sp = std::malloc(STACK_BYTES);
    fiber.start.uc_stack.ss_size = STACK_BYTES;
    fiber.start.uc_link = nullptr;
    makecontext(&fiber.start, live, 0);
    setcontext(&fiber.start);
}

/** False when some threads of a block wait at a barrier that others never reach. */
bool runBlock(unsigned int threads, bool backwards)
{
    for (unsigned int t = 0; t < threads; t++) {
        fibers[t].thread = {t, 0, 0};
        fibers[t].done = false;
    }
    for (;;) {
        unsigned int left = 0;
        for (unsigned int i = 0; i < threads; i++) {
            Fiber &fiber = fibers[backwards ? threads - 1 - i : i];
            resume(fiber);
            if (!fiber.done) left++;
        }
        if (left == 0) return true;
        if (left != threads) return false;
    }
}

#define KERNEL(name) {#name, name}
const std::map<std::string, Kernel> kernels = {
    KERNEL(weftMatmul),     KERNEL(weftMatmulWide), KERNEL(weftMatmulInt8),   KERNEL(weftCopy),
    KERNEL(weftSwapPairs),  KERNEL(weftGather),     KERNEL(weftToInt8),       KERNEL(weftToFloat),
    KERNEL(weftOneHot),     KERNEL(weftScatterAdd), KERNEL(weftReduce),       KERNEL(weftReduceRows),
    KERNEL(weftCacheRows),  KERNEL(weftAttend),
    KERNEL(weftChain),      KERNEL(weftChainRows),  KERNEL(weftHashSubtrees), KERNEL(weftHashTops)};

const int INVALID = 1, OUT_OF_MEMORY = 2, NOT_FOUND = 500, FAILED = 719;
std::map<u64, std::pair<void *, size_t>> allocations;
std::map<u64, size_t> sizes;
unsigned int launches = 0;
int contexts = 0;

/** True for bytes of one allocation. */
bool owned(u64 at, u64 bytes)
{
    auto next = sizes.upper_bound(at);
    if (next == sizes.begin()) return false;
    --next;
    return at + bytes <= next->first + next->second;
}

} // namespace

void __syncthreads() { giveWay(); threadIdx = current->thread; }

extern "C" {

int cuInit(unsigned int flags) { return flags == 0 ? 0 : INVALID; }
int cuDriverGetVersion(int *version) { return *version = 13000, 0; }
int cuDeviceGetCount(int *count) { return *count = 1, 0; }
int cuDeviceGet(int *device, int number) { return *device = 7, number == 0 ? 0 : INVALID; }
int cuDeviceGetName(char *name, int size, int device)
{
    return std::snprintf(name, size, "emulator"), device == 7 ? 0 : INVALID;
}
int cuDeviceGetAttribute(int *value, int attribute, int device)
{
    // Two multiprocessors, so that small products take wide tiles; shared memory, compute capability 9.0.
    *value = attribute == 16 ? 2 : attribute == 97 ? SHARED_BYTES : attribute == 75 ? 9 : 0;
    return device == 7 ? 0 : INVALID;
}
int cuDeviceTotalMem_v2(size_t *bytes, int device) { return *bytes = (size_t)1 << 30, device == 7 ? 0 : INVALID; }
int cuDevicePrimaryCtxRetain(u64 *context, int device) { return contexts++, *context = 0x1234567890ull, device == 7 ? 0 : INVALID; }
int cuDevicePrimaryCtxRelease_v2(int device) { return contexts-- > 0 && device == 7 ? 0 : INVALID; }
int cuCtxSetCurrent(u64 context) { return context == 0x1234567890ull && contexts > 0 ? 0 : INVALID; }

int cuMemAlloc_v2(u64 *at, size_t bytes)
{
    if (bytes == 0) return INVALID;
    if (bytes > (size_t)1 << 30) return OUT_OF_MEMORY;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (bytes + page - 1) / page * page + page;
    u8 *start = (u8 *)mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) return OUT_OF_MEMORY;
    mprotect(start + whole - page, page, PROT_NONE);
    // Up against the page that may not be touched; filled, since a device's memory is not zero.
    u8 *first = start + whole - page - (bytes + 63) / 64 * 64;
    std::memset(first, 0xa5, bytes);
    allocations[(u64)first] = {start, whole};
    sizes[(u64)first] = bytes;
    return *at = (u64)first, 0;
}
int cuMemFree_v2(u64 at)
{
    auto found = allocations.find(at);
    if (found == allocations.end()) return INVALID;
    munmap(found->second.first, found->second.second);
    allocations.erase(found);
    sizes.erase(at);
    return 0;
}
int cuMemcpyHtoD_v2(u64 to, const void *from, size_t bytes)
{
    return owned(to, bytes) ? (std::memcpy((void *)to, from, bytes), 0) : INVALID;
}
int cuMemcpyDtoH_v2(void *to, u64 from, size_t bytes)
{
    return owned(from, bytes) ? (std::memcpy(to, (const void *)from, bytes), 0) : INVALID;
}
int cuMemsetD8_v2(u64 at, unsigned char value, size_t bytes)
{
    return owned(at, bytes) ? (std::memset((void *)at, value, bytes), 0) : INVALID;
}
int cuMemsetD32Async(u64 at, unsigned int value, size_t count, u64 stream)
{
    if (!owned(at, 4 * count) || stream != 99) return INVALID;
    for (size_t i = 0; i < count; i++) ((unsigned int *)at)[i] = value;
    return 0;
}

int cuModuleLoadData(u64 *module, const char *code)
{
    return *module = 55, std::strcmp(code, "compiled for sm_90") == 0 ? 0 : INVALID;
}
int cuModuleUnload(u64 module) { return module == 55 ? 0 : INVALID; }
int cuModuleGetFunction(u64 *function, u64 module, const char *name)
{
    auto found = kernels.find(name);
    if (found == kernels.end() || module != 55) return NOT_FOUND;
    return *function = (u64)found->second, 0;
}
int cuFuncSetAttribute(u64 function, int attribute, int value)
{
    return function != 0 && attribute == 8 && value <= SHARED_BYTES ? 0 : INVALID;
}
int cuStreamCreate(u64 *stream, unsigned int flags) { return *stream = 99, flags == 0 ? 0 : INVALID; }
int cuStreamSynchronize(u64 stream) { return stream == 99 ? 0 : INVALID; }
int cuStreamDestroy_v2(u64 stream) { return stream == 99 ? 0 : INVALID; }

int cuLaunchKernel(u64 function, unsigned int gx, unsigned int gy, unsigned int gz, unsigned int bx, unsigned int by, unsigned int bz,
                   unsigned int shared, u64 stream, void **parameters, void **extra)
{
    if (gz != 1 || by != 1 || bz != 1 || bx > MOST_THREADS || shared > SHARED_BYTES || stream != 99 || extra != nullptr)
        return INVALID;
    kernel = (Kernel)function;
    memoryParameter = *(u8 **)parameters[0];
    wordsParameter = *(const u32 **)parameters[1];
    gridDim = {gx, gy, 1};
    blockDim = {bx, 1, 1};
    const bool backwards = launches++ % 2 == 1;
    const u64 blocks = (u64)gx * gy;
    for (u64 i = 0; i < blocks; i++) {
        const u64 block = backwards ? blocks - 1 - i : i;
        blockIdx = {(unsigned int)(block % gx), (unsigned int)(block / gx), 0};
        std::memset(registers, 0xa5, shared);
        if (!runBlock(bx, backwards)) return FAILED;
    }
    return 0;
}

// NVRTC: refuses options under which a compiler could fuse or flush, and a source that is not the one compiled here.

int nvrtcVersion(int *major, int *minor) { return *major = 0, *minor = 1, 0; }
int nvrtcGetNumSupportedArchs(int *count) { return *count = 3, 0; }
int nvrtcGetSupportedArchs(int *archs) { return archs[0] = 75, archs[1] = 90, archs[2] = 120, 0; }
int nvrtcCreateProgram(u64 *program, const char *source, const char *name, int headers, const char *const *, const char *const *)
{
    const bool whole = std::strstr(source, "weftHashTops") != nullptr && std::strstr(source, "#include \"") == nullptr;
    return *program = 77, whole && headers == 0 && name != nullptr ? 0 : INVALID;
}
int nvrtcCompileProgram(u64 program, int count, const char *const *options)
{
    std::string all;
    for (int i = 0; i < count; i++) all += std::string(options[i]) + " ";
    for (const char *needed : {"--gpu-architecture=sm_90 ", "--fmad=false ", "--ftz=false ", "--prec-div=true ", "--prec-sqrt=true "})
        if (all.find(needed) == std::string::npos) return INVALID;
    return program == 77 ? 0 : INVALID;
}
static const char LOG[] = "", COMPILED[] = "compiled for sm_90";
int nvrtcGetProgramLogSize(u64, size_t *size) { return *size = sizeof LOG, 0; }
int nvrtcGetProgramLog(u64, char *log) { return std::memcpy(log, LOG, sizeof LOG), 0; }
int nvrtcGetCUBINSize(u64, size_t *size) { return *size = sizeof COMPILED, 0; }
int nvrtcGetCUBIN(u64, char *code) { return std::memcpy(code, COMPILED, sizeof COMPILED), 0; }
int nvrtcGetPTXSize(u64, size_t *) { return INVALID; }
int nvrtcGetPTX(u64, char *) { return INVALID; }
int nvrtcDestroyProgram(u64 *program) { return *program = 0, 0; }

} // extern "C"
